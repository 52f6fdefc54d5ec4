import type { MessageFrame } from '@chorus/protocol';
import { createPrng } from '@chorus/testing';
import { Participant, type ParticipantOptions } from '../clients/participant.js';
import type { World } from '../worlds/world.js';

export interface Crowd {
  clients: number;
  rooms: number;
  seed: number;
  /** Clients connect to gateways directly, instead of to the balancer. */
  direct: boolean;
  /** Every message that is received, by its id. */
  messages: Map<string, MessageFrame>;
}

const FIRST_USER_ID = 1_000;
const RATIO_IN_THREE_ROOMS = 0.25;
/** Every n-th client speaks the plain protocol. Every second one of these resumes. */
const PLAIN = 8;
/** Every n-th client has a twin, which sends all its messages as well. */
const TWINS = 10;

/** Returns the clients of a run, with their rooms and not started yet. */
export function gather(world: World, { clients, rooms, seed, direct, messages }: Crowd): Participant[] {
  const prng = createPrng(seed + 1);
  return Array.from({ length: clients }, (_, index) => {
    const member = { id: FIRST_USER_ID + index, username: `user-${index}` };
    const count = prng.next() < RATIO_IN_THREE_ROOMS ? 3 : prng.between(1, 2);
    // The first room is assigned in turn, so that no room is empty.
    const others = Array.from({ length: count - 1 }, () => prng.between(1, rooms));
    const roomIds = [...new Set([(index % rooms) + 1, ...others])];
    const random = createPrng(prng.between(0, 2 ** 31)).next;
    const token = world.tokenOf(member);
    const url = (): string => (direct ? anyGateway(world, random) : world.url);
    const options = { url, apiUrl: world.url, token, member, roomIds, messages, random };
    if (index % PLAIN === PLAIN - 1) return [plain(options, index)];
    const participant = new Participant(options);
    if (index % TWINS !== TWINS - 1) return [participant];
    const twin = new Participant(options);
    participant.twin = twin;
    twin.twin = participant;
    return [participant, twin];
  }).flat();
}

/** A plain socket is in one room. */
function plain(options: ParticipantOptions, index: number): Participant {
  const resumes = Math.floor(index / PLAIN) % 2 === 0;
  return new Participant({ ...options, roomIds: options.roomIds.slice(0, 1), plain: { resumes } });
}

function anyGateway({ gateways, url }: World, random: () => number): string {
  const running = gateways.filter((gateway) => gateway.running);
  return running[Math.floor(random() * running.length)]?.url ?? url;
}
