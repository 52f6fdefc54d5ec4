import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Member } from '@chorus/cluster';
import { startBalancer } from '@chorus/local';

/** A user's connection to Chorus, through a balancer of its own. */
export interface Line {
  readonly url: string;
  /** Sends new sockets to these gateways; open ones stay where they are. */
  leadTo(gateways: readonly Member[]): void;
  /** Ends open connections and accepts no more, like a cable that is unplugged. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openLine(apis: readonly Member[], gateways: readonly Member[]): Promise<Line> {
  const urls = (members: readonly Member[]): string[] => members.map(({ url }) => url);
  const balancer = await startBalancer({
    ...{ host: '127.0.0.1', port: 0 },
    ...{ apis: urls(apis), gateways: urls(gateways) },
  });
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect({ host: '127.0.0.1', port: balancer.port, noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (next) => balancer.setTargets({ apis: urls(apis), gateways: urls(next) }),
    cut,
    mend: () => {
      isCut = false;
    },
    async close() {
      cut();
      server.close();
      await balancer.close();
    },
  };
}
