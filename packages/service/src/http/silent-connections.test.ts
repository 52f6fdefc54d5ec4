import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { SilentConnections } from './silent-connections.js';

describe('connections without a request', () => {
  it('of one address may be as many as there are free ones left', () => {
    const connections = new SilentConnections();
    let free = 10;
    const open = (address: string): boolean => {
      const opened = connections.opened(address, free);
      if (opened) free--;
      return opened;
    };
    for (let count = 0; count < 5; count++) expect(open('192.0.2.1')).to.equal(true);
    expect(open('192.0.2.1')).to.equal(false);
    expect(open('192.0.2.2')).to.equal(true);
    connections.left('192.0.2.1');
    free++;
    expect(open('192.0.2.1')).to.equal(true);
  });

  it('no longer count after a request, and never become negative', () => {
    const connections = new SilentConnections();
    connections.left('192.0.2.1');
    expect(connections.opened('192.0.2.1', 1)).to.equal(true);
    connections.left('192.0.2.1');
    connections.left('192.0.2.1');
    expect(connections.opened('192.0.2.1', 1)).to.equal(true);
    expect(connections.opened('192.0.2.1', 1)).to.equal(false);
  });

  it('no longer count after a time if their end is not observed', async () => {
    const connections = new SilentConnections(5);
    expect(connections.opened('192.0.2.1', 1)).to.equal(true);
    while (!connections.opened('192.0.2.1', 1)) await sleep(1);
  });
});
