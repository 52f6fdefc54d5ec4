import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Member } from '@chorus/cluster';
import { startBalancer } from '@chorus/local';

/** Somebody's way to Chorus, through a balancer that nobody else uses. */
export interface Line {
  readonly url: string;
  /** New sockets go to these gateways; those that are open stay where they are. */
  leadTo(gateways: readonly Member[]): void;
  /** Ends what is open and takes nothing more, as when somebody pulls the plug. */
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
