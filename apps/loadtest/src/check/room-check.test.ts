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

/** What members saw, by the names of messages: the letter is the sender, the numbers grow within the text. */
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
  it('finds nothing where every member gets everything in one order', () => {
    expect(verdictOf(['0123456789', '0123456789'])).to.deep.equal({ ...clean, expected: 20, delivered: 20 });
  });

  it('counts a delivery that one member does not get as lost', () => {
    const verdict = verdictOf(['0123456789', '012356789', '0123456789']);
    expect(verdict).to.deep.equal({ ...clean, expected: 30, delivered: 29, lost: 1 });
  });

  it('counts a member that sees two messages the other way round as one disagreement, even if it is the first', () => {
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
});
