import type { Member } from '@chorus/client';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { MentionSource } from '../../model/conversation/mention-source.js';
import { nameBefore, ROOM } from '../../model/text/mentions.js';

/** Number of proposals. */
const MOST = 6;
/** Shortest beginning of a name that is looked up, and the wait for further letters in milliseconds. */
const SHORTEST = 2;
const WAIT_MS = 150;

export interface Proposal {
  readonly name: string;
  /** Undefined for all members of the room. */
  readonly user: Member | undefined;
}

export interface Completion {
  readonly proposals: readonly Proposal[];
  /** Index of the proposal that Tab takes, and Enter unless it is written out. */
  readonly active: number;
  /** Whether the active proposal is written out, in any case. */
  readonly isWhole: boolean;
  move(step: number): void;
  /** Where the name begins in the text. */
  readonly from: number;
  close(): void;
}

/** Names for what is written after an `@`; undefined while no name is being written, or none fits. */
export function useCompletion(text: string, caret: number, source: MentionSource): Completion | undefined {
  const place = nameBefore(text, caret);
  const start = place?.start.toLowerCase();
  const [closed, setClosed] = useState<number>();
  const [active, setActive] = useState(0);
  const [found, setFound] = useState<readonly Member[]>([]);
  useEffect(() => setActive(0), [start]);
  useEffect(() => {
    if (place === undefined) setClosed(undefined);
  }, [place === undefined]);
  useEffect(() => {
    setFound([]);
    if (start === undefined || start.length < SHORTEST) return;
    let isOver = false;
    const timer = setTimeout(() => {
      const find = source.find(start).catch(() => []);
      void find.then((users) => !isOver && setFound(users));
    }, WAIT_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [start, source]);
  const proposals = useMemo(
    () => (start === undefined ? [] : proposalsFor(start, [...source.known(), ...found], source.room)),
    [start, found, source],
  );
  if (place === undefined || closed === place.from || proposals.length === 0) return undefined;
  const at = Math.min(active, proposals.length - 1);
  return {
    proposals,
    active: at,
    isWhole: proposals[at]?.name.toLowerCase() === start,
    move: (step) => setActive((active + step + proposals.length) % proposals.length),
    from: place.from,
    close: () => setClosed(place.from),
  };
}

function proposalsFor(start: string, users: readonly Member[], room: boolean): Proposal[] {
  const byId = new Map(users.map((user) => [user.id, user]));
  const fits = (name: string): boolean => name.toLowerCase().startsWith(start);
  const proposals: Proposal[] = [...byId.values()]
    .filter(({ username }) => fits(username))
    .sort((a, b) => a.username.localeCompare(b.username))
    .map((user) => ({ name: user.username, user }));
  if (room && fits(ROOM)) proposals.push({ name: ROOM, user: undefined });
  // A name that is written out comes first, so that Enter sends it.
  const whole = proposals.findIndex(({ name }) => name.toLowerCase() === start);
  return [...proposals.splice(whole, whole < 0 ? 0 : 1), ...proposals].slice(0, MOST);
}
