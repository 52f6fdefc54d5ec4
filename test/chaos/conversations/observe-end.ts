import { setTimeout as sleep } from 'node:timers/promises';
import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import { createPrng, type Prng } from '@chorus/testing';
import type { ClientList, Conversation, FoundText, ViewedMessage } from '../history/conversation.js';
import type { World } from '../worlds/world.js';
import { ask, type Caller } from './ask.js';
import type { Actor } from './cast.js';
import { type Draft, newDraft, Records } from './draft.js';
import { foundIn } from './found-texts.js';
import { Recorder } from './recorder.js';
import type { Talker } from './talker.js';
import { type ShownMessage, viewed } from './viewed.js';

export interface ObserveOptions {
  readonly world: World;
  readonly records: Records;
  readonly talkers: readonly Talker[];
  readonly owner: Actor;
  /** The owner's. */
  readonly caller: Caller;
  readonly prng: Prng;
}

/** Time in which archivers erase deleted texts and lists become current, in milliseconds. */
const AGREED_MS = 20_000;
const LOOK_MS = 500;
const PAUSE_MS = 250;
/** A new socket resumes this number of entries before the newest one. */
const REPLAYED = 40;
const REPLAY_MS = 10_000;

/** Reads the final state of conversations: histories, lists of clients, and what is left of texts anywhere. */
export async function observeEnd(options: ObserveOptions): Promise<Conversation[]> {
  const deadline = performance.now() + AGREED_MS;
  for (;;) {
    const conversations = await observeOnce(options);
    if (conversations.every(isQuiet) || performance.now() > deadline) return conversations;
    await sleep(LOOK_MS, undefined, { signal: options.caller.signal });
  }
}

async function observeOnce(options: ObserveOptions): Promise<Conversation[]> {
  const { records, talkers, caller, world, owner } = options;
  const inStores = (await world.markedTexts?.()) ?? [];
  return Promise.all(
    records.all.map(async (draft) => {
      const { roomId } = draft;
      const own = await wholeHistory(caller, roomId, owner.id);
      const histories: ClientList[] = [own];
      const lists: ClientList[] = [];
      for (const talker of talkers) {
        histories.push(await wholeHistory({ ...caller, token: talker.token }, roomId, talker.userId));
        lists.push(await talker.list(roomId));
      }
      const shown = foundIn(JSON.stringify(own.messages), 'the history');
      return {
        ...draft,
        histories,
        lists,
        found: [...inStores, ...shown, ...(await replayed(options, draft))],
      };
    }),
  );
}

/** Whether nothing of deleted messages was found, and the lists equal the history. The checker finds out whether that is excused. */
function isQuiet({ histories, lists, found, actions }: Conversation): boolean {
  const deleted = new Set(
    (histories[0]?.messages ?? []).filter(({ deletedBy }) => deletedBy !== undefined).map(formatPosition),
  );
  const gone = new Set(
    actions.flatMap(({ mark, target }) =>
      mark !== undefined && target !== undefined && deleted.has(formatPosition(target)) ? [mark] : [],
    ),
  );
  if (found.some(({ mark }) => gone.has(mark))) return false;
  return lists.every(({ userId, messages }) => {
    const history = histories.find((each) => each.userId === userId);
    return JSON.stringify(messages) === JSON.stringify(history?.messages);
  });
}

/** Reads page after page, with retries. */
async function wholeHistory(caller: Caller, roomId: number, userId: number): Promise<ClientList> {
  const messages: ViewedMessage[] = [];
  for (let after: string | null = '0-0'; after !== null; ) {
    const path: string = `/api/rooms/${roomId}/messages?after=${after}&limit=100`;
    const { status, body } = await ask(caller, 'GET', path);
    if (status !== 200) {
      await sleep(PAUSE_MS, undefined, { signal: caller.signal });
      continue;
    }
    const page = body as { messages: ShownMessage[]; after: string | null };
    messages.push(...page.messages.map((message) => viewed(message, userId)));
    after = page.after;
  }
  return { userId, by: `the history of user ${userId}`, messages };
}

/** Returns the marks in what a new socket receives that resumes far back. */
async function replayed({ world, owner, caller, prng }: ObserveOptions, draft: Draft): Promise<FoundText[]> {
  const places = [
    ...new Map(draft.receipts.map(({ entry }) => [formatPosition(entry), entry as Position])).values(),
  ];
  places.sort((a, b) => (isAfter(a, b) ? 1 : -1));
  const [since, newest] = [places.at(-REPLAYED), places.at(-1)];
  if (since === undefined || newest === undefined) return [];
  const received = newDraft(draft.roomId, draft.kind);
  const recorder = new Recorder({
    ...{ name: 'new socket', user: owner, token: owner.token, url: () => world.url },
    ...{
      roomIds: [draft.roomId],
      records: new Records([received]),
      prng: createPrng(prng.between(0, 2 ** 31)),
      since,
    },
  });
  recorder.start();
  try {
    const deadline = performance.now() + REPLAY_MS;
    const isThere = (): boolean => {
      const position = recorder.position(draft.roomId);
      return recorder.isIn(draft.roomId) && position !== undefined && !isAfter(newest, position);
    };
    while (!isThere() && performance.now() < deadline) {
      await sleep(LOOK_MS / 10, undefined, { signal: caller.signal });
    }
  } finally {
    recorder.close();
  }
  return foundIn(JSON.stringify(received.receipts.map(({ entry }) => entry)), 'a replay');
}
