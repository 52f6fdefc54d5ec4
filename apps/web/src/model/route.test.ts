import { expect } from 'chai';
import { hashOfRoom, inviteAddress, inviteOfHash, roomOfHash } from './route.js';

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

describe('the address of an invitation', () => {
  it('leads to its code, and to no room', () => {
    const address = inviteAddress('aB-_9', 'https://example.org/chat/?a#/rooms/7');
    expect(address).to.equal('https://example.org/chat/?a#/invite/aB-_9');
    const { hash } = new URL(address);
    expect([inviteOfHash(hash), roomOfHash(hash)]).to.deep.equal(['aB-_9', undefined]);
  });

  it('has no other form', () => {
    for (const hash of ['', '#/invite/', '#/invite/a/b', '#/invite/a?b', '#/rooms/1']) {
      expect(inviteOfHash(hash), hash).to.equal(undefined);
    }
  });
});
