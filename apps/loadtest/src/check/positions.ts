import type { Examples } from './examples.js';
import { MemberOrder } from './member-order.js';
import type { RoomView } from './room-report.js';

interface Vote {
  readonly epoch: number;
  readonly seq: number;
  members: number;
}

/**
 * Returns the positions that most members received, and the number of deliveries with another one. Where two
 * positions are equally frequent the message has none, because either could be wrong.
 */
export function settlePositions(
  view: RoomView,
  examples: Examples,
): { epochs: Float64Array; seqs: Float64Array; disagreements: number } {
  const { room, order, views } = view;
  const disputed = new Map<number, Vote[]>();
  for (const { moved, members } of views) {
    for (let at = 0; at < moved.length; at += 3) {
      const [index = 0, epoch = -1, seq = -1] = moved.subarray(at, at + 3);
      const votes = disputed.get(index) ?? [];
      disputed.set(index, votes);
      const vote = votes.find((other) => other.epoch === epoch && other.seq === seq);
      if (vote) vote.members += members;
      else votes.push({ epoch, seq, members });
    }
  }
  if (disputed.size === 0) return { epochs: view.epochs, seqs: view.seqs, disagreements: 0 };
  const epochs = view.epochs.slice();
  const seqs = view.seqs.slice();
  let disagreements = 0;
  for (const [index, others] of disputed) {
    const received = views.reduce(
      (sum, member) => sum + (MemberOrder.has(member, index) ? member.members : 0),
      0,
    );
    const members = received - others.reduce((sum, vote) => sum + vote.members, 0);
    const votes = [{ epoch: epochs[index] ?? -1, seq: seqs[index] ?? -1, members }, ...others];
    votes.sort((a, b) => b.members - a.members);
    const [best, second] = votes;
    if (!best || !second) continue;
    disagreements += received - best.members;
    const isSettled = best.members > second.members;
    epochs[index] = isSettled ? best.epoch : -1;
    seqs[index] = isSettled ? best.seq : -1;
    const told = votes.map(({ epoch, seq }) => `${epoch}-${seq}`).join(' and ');
    examples.add({
      kind: 'orderDisagreements',
      text: `members of room ${room} were told the positions ${told} for message ${order[index]}`,
    });
  }
  return { epochs, seqs, disagreements };
}
