import uWS from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { StartError } from '@chorus/service';

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: without it two processes share a port without noticing. */
export const EXCLUSIVE_PORT = 1;

/** A response of the library that is always there: see {@link openLender}. */
export interface Lender {
  /** Calls `work` within the cork of another connection than any that `work` touches. */
  around(work: () => void): void;
  close(): void;
}

/**
 * Sends this process a request that it never answers. The library prints a warning for everything that is written to a
 * response outside of a cork, and upgrades must not be corked; within the cork of another response it neither corks nor
 * warns. A connection of a client would do, but the first one of a process has no other.
 *
 * @throws {StartError} this machine has no loopback address
 */
export async function openLender(): Promise<Lender> {
  const app = uWS.App();
  // Nobody else can guess it, so that the first request is this one.
  const path = `/${randomUUID()}`;
  let lent: uWS.HttpResponse | undefined;
  const asked = new Promise<void>((resolve) => {
    app.get(path, (response) => {
      response.onAborted(() => {
        lent = undefined;
      });
      lent = response;
      resolve();
    });
  });
  const listening = await new Promise<uWS.us_listen_socket | false>((resolve) => {
    app.listen('127.0.0.1', 0, EXCLUSIVE_PORT, resolve);
  });
  if (listening === false) throw new StartError('cannot listen on 127.0.0.1');
  const client = connect(uWS.us_socket_local_port(listening), '127.0.0.1');
  client.on('error', () => client.destroy());
  client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await asked;
  uWS.us_listen_socket_close(listening);
  return {
    around: (work) => {
      if (lent === undefined) work();
      else lent.cork(work);
    },
    close: () => {
      client.destroy();
      app.close();
    },
  };
}
