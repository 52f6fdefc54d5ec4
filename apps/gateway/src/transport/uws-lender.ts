import uWS from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { StartError } from '@chorus/service';

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: without it, two processes can share a port without noticing. */
export const EXCLUSIVE_PORT = 1;

/** A response of the library that is always available: see {@link openLender}. */
export interface Lender {
  /** Runs `work` within the cork of a connection that `work` does not touch. */
  around(work: () => void): void;
  close(): void;
}

/**
 * Opens a request to this process that is never answered. The library prints a warning for every write to a response
 * outside a cork, and upgrades must not be corked; within the cork of another response it neither corks nor warns. A
 * client's connection would do, but while the first one upgrades there is no other.
 *
 * @throws {StartError} this machine has no loopback address
 */
export async function openLender(): Promise<Lender> {
  const app = uWS.App();
  // The path cannot be guessed, so that no other request can be taken for this one.
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
