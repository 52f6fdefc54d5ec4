import { expect } from 'chai';
import { hashOfRoom, roomOfHash } from './route.js';

describe('the address of a room', () => {
  it('leads back to the room', () => {
    for (const roomId of [1, 42, Number.MAX_SAFE_INTEGER]) {
      expect(roomOfHash(hashOfRoom(roomId))).to.equal(roomId);
    }
    expect(roomOfHash(hashOfRoom(undefined))).to.equal(undefined);
  });

  it('has no other form', () => {
    for (const hash of [
      '',
      '#',
      '#/rooms/',
      '#/rooms/0',
      '#/rooms/1x',
      '#/rooms/-1',
      '#/rooms/9007199254740992',
    ]) {
      expect(roomOfHash(hash), hash).to.equal(undefined);
    }
  });
});
