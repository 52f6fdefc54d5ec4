import { ServerProxy } from './server-proxy.js';
import type { Command, Request, Response, ServerName } from './trouble.js';

/** The process of the proxies: the clients' process has too much to do to be a network as well. */
const proxies = new Map<string, { proxy: ServerProxy; server: ServerName }>();
const ports: Record<ServerName, number> = { redis: 0, postgres: 0 };

async function obey(command: Command): Promise<number> {
  switch (command.type) {
    case 'open': {
      const { name, server } = command;
      const proxy = new ServerProxy(() => ports[server]);
      proxies.set(name, { proxy, server });
      return proxy.open();
    }
    case 'point':
      ports[command.server] = command.port;
      if (command.reset) {
        for (const { proxy, server } of proxies.values()) if (server === command.server) proxy.reset();
      }
      return 0;
    case 'trouble':
      for (const name of command.names) {
        const proxy = proxies.get(name)?.proxy;
        await proxy?.set(command.trouble);
        if (command.reset) proxy?.reset();
      }
      return 0;
    default:
      return command satisfies never;
  }
}

process.on('message', async ({ id, command }: Request) => {
  const answer = (response: Omit<Response, 'id'>): void => {
    process.send?.({ id, ...response });
  };
  try {
    answer({ port: await obey(command) });
  } catch (error) {
    answer({ port: 0, error: String(error) });
  }
});
// Ends with its parent; Ctrl-C in a terminal is handled by the parent.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
