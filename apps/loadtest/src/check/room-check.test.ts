import { expect } from 'chai';
import { mergeRooms } from './merge-rooms.js';
import { RoomCheck } from './room-check.js';

const clean = {
  expected: 0,
  delivered: 0,
  lost: 0,
  duplicated: 0,
  outOfOrder: 0,
  orderDisagreements: 0,
  strays: 0,
};

/** Verdict about members who saw messages in these orders; each digit is the number of a message. */
function verdictOf(
  saw: readonly string[],
  { sent = '0123456789', positions = false, senderOf = (n: number) => n } = {},
) {
  const check = new RoomCheck(7, saw.length, true, senderOf);
  for (const digit of sent) check.expect(Number(digit));
  for (const [member, digits] of saw.entries()) {
    for (const digit of digits) {
      check.arrived(member, Number(digit), positions ? { epoch: 1, seq: Number(digit) + 1 } : undefined);
    }
  }
  const { examples, ...counts } = mergeRooms([structuredClone(check.report())]);
  expect(examples.length > 0).to.equal(
    counts.lost + counts.duplicated + counts.outOfOrder + counts.orderDisagreements + counts.strays > 0,
  );
  return counts;
}

describe('the check of a room', () => {
  it('finds no violations when every member receives everything in one order', () => {
    expect(verdictOf(['0123456789', '0123456789'])).to.deep.equal({ ...clean, expected: 20, delivered: 20 });
  });

  it('counts a delivery that one member does not get as lost', () => {
    const verdict = verdictOf(['0123456789', '012356789', '0123456789']);
    expect(verdict).to.deep.equal({ ...clean, expected: 30, delivered: 29, lost: 1 });
  });

  it('counts two messages that one member sees in reverse as one disagreement, even if it is the first member', () => {
    for (const saw of [
      ['0124356789', '0123456789', '0123456789'],
      ['0123456789', '0123456789', '0124356789'],
    ]) {
      for (const positions of [false, true]) {
        expect(verdictOf(saw, { positions })).to.deep.equal({
          ...clean,
          expected: 30,
          delivered: 30,
          orderDisagreements: 1,
        });
      }
    }
  });

  it('counts an expected message that no member got for each member, and any other only if a member got it', () => {
    const lost = verdictOf(['012346789', '012346789', '012346789']);
    expect(lost).to.deep.equal({ ...clean, expected: 30, delivered: 27, lost: 3 });
    expect(verdictOf(['01234', '01234'], { sent: '01234' })).to.include({ expected: 10, lost: 0 });
    const seenByOne = verdictOf(['012345', '01234'], { sent: '01234' });
    expect(seenByOne).to.deep.equal({ ...clean, expected: 12, delivered: 11, lost: 1 });
  });

  it('counts repeated deliveries as duplicated, however late they are', () => {
    const verdict = verdictOf(['00123456789', '01234567890']);
    expect(verdict).to.deep.equal({ ...clean, expected: 20, delivered: 20, duplicated: 2 });
  });

  it('counts a message that all members see after the next one of its sender as out of order at each of them', () => {
    const sameSender = { senderOf: () => 1 };
    const verdict = verdictOf(['0124356789', '0124356789'], sameSender);
    expect(verdict).to.deep.equal({ ...clean, expected: 20, delivered: 20, outOfOrder: 2 });
    expect(verdictOf(['0124356789', '0124356789']).outOfOrder, 'of different senders').to.equal(0);
    const neverAccepted = { ...sameSender, sent: '012456789' };
    expect(verdictOf(['0124356789', '0124356789'], neverAccepted).outOfOrder).to.equal(0);
  });

  it('counts descending positions as out of order, and positions that differ between members as disagreements', () => {
    const told = (...seqs: number[][]) => {
      const check = new RoomCheck(0, seqs.length, true, (number) => number);
      for (const [member, own] of seqs.entries()) {
        for (const [number, seq] of own.entries()) check.arrived(member, number, { epoch: 1, seq });
      }
      const { outOfOrder, orderDisagreements } = mergeRooms([check.report()]);
      return { outOfOrder, orderDisagreements };
    };
    expect(told([1, 2, 3], [1, 2, 3])).to.deep.equal({ outOfOrder: 0, orderDisagreements: 0 });
    expect(told([1, 2, 2], [1, 2, 2])).to.deep.equal({ outOfOrder: 2, orderDisagreements: 0 });
    expect(told([1, 7, 3], [1, 2, 3], [1, 2, 3])).to.deep.equal({ outOfOrder: 0, orderDisagreements: 1 });
    expect(told([1, 7, 3], [1, 2, 3])).to.deep.equal({ outOfOrder: 0, orderDisagreements: 1 });
  });

  it('blames the one of two members whose order cannot be right', () => {
    const verdict = verdictOf(['0132', '0123'], { sent: '0123', positions: true, senderOf: () => 1 });
    expect(verdict).to.deep.equal({ ...clean, expected: 8, delivered: 8, orderDisagreements: 1 });
  });

  it('ignores members that are no receivers, and reports what reached users outside of the room', () => {
    const check = new RoomCheck(7, 3, true, () => 0);
    check.exclude(1);
    for (const number of [0, 1, 2]) check.expect(number);
    for (const number of [0, 1, 2]) check.arrived(0, number, undefined);
    for (const number of [2, 2, 9]) check.arrived(1, number, undefined);
    expect(check.cursor(1), 'no member waits for it').to.equal(check.length);
    check.strayed(1);
    for (const number of [0, 1, 2]) check.arrived(2, number, undefined);
    const { examples, ...counts } = mergeRooms([check.report()]);
    expect(counts).to.deep.equal({ ...clean, expected: 6, delivered: 6, strays: 1 });
  });

  it('distinguishes a first arrival from a repeated one, and reports the progress of a member', () => {
    const check = new RoomCheck(7, 2, true, () => 0);
    const arrived = (member: number, number: number) => check.arrived(member, number, undefined);
    expect([arrived(0, 5), arrived(0, 6), arrived(0, 5)]).to.deep.equal([true, true, false]);
    expect([check.cursor(0), check.cursor(1), check.length]).to.deep.equal([2, 0, 2]);
    expect([arrived(1, 6), arrived(1, 5), arrived(1, 6)]).to.deep.equal([true, true, false]);
    expect(check.cursor(1)).to.equal(2);
  });

  it('finds one late message in a dispute that is too long to be split', () => {
    const length = 3_000;
    const check = new RoomCheck(7, 3, true, (number) => number);
    for (let member = 0; member < 3; member++) {
      for (let number = member === 0 ? 1 : 0; number < length; number++)
        check.arrived(member, number, undefined);
    }
    check.arrived(0, 0, undefined);
    expect(mergeRooms([check.report()])).to.include({
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      orderDisagreements: 1,
    });
  });

  it('gives one verdict about a room, whether or not several workers have its members', () => {
    const parts = [new RoomCheck(7, 2, false, () => 1), new RoomCheck(7, 1, false, () => 1)];
    const [first, second] = parts;
    for (const number of [0, 1, 2, 3, 4, 5]) first?.expect(number);
    for (const number of [0, 1, 2, 4, 5]) first?.arrived(0, number, undefined);
    for (const number of [0, 1, 2, 4, 5]) first?.arrived(1, number, undefined);
    for (const number of [0, 2, 1, 3, 4, 4, 5]) second?.arrived(0, number, undefined);
    const { examples, ...counts } = mergeRooms(parts.map((part) => structuredClone(part.report())));
    expect(counts).to.deep.equal({
      ...clean,
      expected: 18,
      delivered: 16,
      lost: 2,
      duplicated: 1,
      orderDisagreements: 1,
    });
    expect(examples.join('\n')).to.contain('member 2 of room 7 got 2, 1 in another order than others');
  });
});
