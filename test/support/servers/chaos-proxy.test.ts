import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { ChaosProxy } from './chaos-proxy.js';

describe('a connection that is delayed', function () {
  // Half a second for each chunk after the other would take longer.
  this.timeout(20_000);

  it('delays everything by the same time, in order, however much is under way', async () => {
    const arrived: Array<{ text: string; at: number }> = [];
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        arrived.push({ text: data.toString(), at: performance.now() });
        if (arrived.length === 1) proxy.connections[0]?.delay(500);
        socket.write('.');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = await ChaosProxy.start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    try {
      client.write('begin');
      await once(client, 'data');
      const sent: number[] = [];
      for (let count = 0; count < 60; count++) {
        sent.push(performance.now());
        client.write(`<${count}>`);
        await sleep(10);
      }
      const all = sent.map((_, count) => `<${count}>`).join('');
      const text = (): string => arrived.map((each) => each.text).join('');
      await until(() => text() === `begin${all}`);
      expect(arrived.length).to.be.above(30);
      for (const { text, at } of arrived.slice(1)) {
        const [, count] = /^<(\d+)>/.exec(text) ?? [];
        expect(at - (sent[Number(count)] ?? 0)).to.be.at.least(490);
      }
    } finally {
      client.destroy();
      server.close();
      await proxy.close();
    }
  });
});
