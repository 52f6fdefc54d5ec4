import uWS from 'uWebSockets.js';
import { CLOSE, Refusal } from '@chorus/protocol';
import { type Logger, StartError } from '@chorus/service';
import { OpenConnections } from './open-connections.js';
import { answerTo } from './refusal.js';
import { Standstill } from './standstill.js';
import type { Decision, HttpAnswer, Transport, TransportHandlers, TransportOptions } from './transport.js';
import { copyRequest, remoteAddressOf, writeAnswer } from './uws-http.js';
import { EXCLUSIVE_PORT, type Lender, openLender } from './uws-lender.js';
import { type UserData, UwsSocket } from './uws-socket.js';

/*
 * Only the files `uws*.ts` import uWebSockets.js. Its rules shape this code: a request is dead after its handler
 * returns; every asynchronous answer needs an abort handler; a message's memory is reused after its handler returns;
 * any call on a closed socket throws.
 */

/**
 * Frames up to this many times the limit are read and refused with a close code; the library cuts sockets with longer
 * frames without a close frame.
 */
const REFUSABLE_FACTOR = 16;

type Accepted = Extract<Decision, { accepted: true }>;

declare module 'uWebSockets.js' {
  /** Missing from the library's types. `silent` leaves out the header that names the library in every response. */
  function _cfg(key: 'silent'): void;
  interface TemplatedApp {
    /** Documented by the library, but missing from its types. */
    filter(handler: (response: HttpResponse, change: number) => void): TemplatedApp;
    /** The library accepts a host together with options, and exports the constant; its types lack both. */
    listen(
      host: string,
      port: number,
      options: number,
      callback: (socket: us_listen_socket | false) => void,
    ): TemplatedApp;
  }
}

/** The transport over uWebSockets.js. */
export class UwsTransport implements Transport {
  readonly #app: uWS.TemplatedApp;
  readonly #connections: OpenConnections;
  #standstill: Standstill | undefined;
  #lender: Lender | undefined;
  #listening: uWS.us_listen_socket | undefined;
  #port: number | undefined;

  constructor(
    private readonly options: TransportOptions,
    private readonly log: Logger,
  ) {
    // This header is a sixth of the bytes of an upgrade; see `upgradeUncorked`.
    uWS._cfg('silent');
    this.#app = uWS.App();
    this.#connections = new OpenConnections(options.connections);
  }

  get port(): number | undefined {
    return this.#port;
  }

  async listen(handlers: TransportHandlers): Promise<number> {
    const { host, port, idleTimeoutSeconds } = this.options;
    const standstill = new Standstill(idleTimeoutSeconds * 1_000, () => handlers.stoodStill());
    this.#standstill = standstill;
    this.#lender = await openLender();
    this.#countConnections();
    this.#serveSockets(handlers, standstill, this.#lender);
    this.#serveHttp(handlers);
    const socket = await new Promise<uWS.us_listen_socket | false>((resolve) => {
      this.#app.listen(host, port, EXCLUSIVE_PORT, resolve);
    });
    if (socket === false) {
      throw new StartError(`cannot listen on ${host}:${port}: the port is taken or not allowed`);
    }
    this.#listening = socket;
    this.#port = uWS.us_socket_local_port(socket);
    return this.#port;
  }

  publish(topic: string, frame: Uint8Array): void {
    this.#app.publish(topic, frame, false);
  }

  stopListening(): void {
    if (this.#listening !== undefined) uWS.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  close(): void {
    this.#standstill?.close();
    this.#listening = undefined;
    this.#app.close();
    this.#lender?.close();
  }

  /**
   * Counts connections: the library calls the filter with 1 when a connection opens and with -1 when it ends. A
   * connection that became a socket ends with its `close`.
   */
  #countConnections(): void {
    const count = (response: uWS.HttpResponse, change: number): void => {
      if (change < 0) this.#connections.closed();
      else if (!this.#connections.opened(remoteAddressOf(response))) response.close();
    };
    this.#app.filter(count);
  }

  #serveSockets(handlers: TransportHandlers, standstill: Standstill, lender: Lender): void {
    const { options, log } = this;
    const app = this.#app;
    const connections = this.#connections;
    app.ws<UserData>('/*', {
      maxPayloadLength: options.maxFrameBytes * REFUSABLE_FACTOR,
      maxBackpressure: options.maxQueuedBytes,
      idleTimeout: options.idleTimeoutSeconds,
      sendPingsAutomatically: true,
      compression: uWS.DISABLED,
      upgrade: (response, request, context) => {
        const copied = copyRequest(request, response);
        connections.requested(copied.remoteAddress);
        const key = request.getHeader('sec-websocket-key');
        const extensions = request.getHeader('sec-websocket-extensions');
        const accept = ({ session, subprotocol }: Accepted): void => {
          const socket = new UwsSocket(session, subprotocol, options.counts, app, standstill);
          response.upgrade({ socket }, key, subprotocol ?? '', extensions, context);
        };
        const failed = (error: unknown): void => {
          log.error({ err: error, path: copied.path }, 'upgrade failed');
          writeAnswer(response, answerTo(copied, new Refusal('internal')), copied);
        };
        let decision: Decision | Promise<Decision>;
        try {
          decision = handlers.upgrade(copied);
        } catch (error) {
          failed(error);
          return;
        }
        if (!(decision instanceof Promise)) {
          // The library corks the response while this handler runs.
          if (decision.accepted) accept(decision);
          else writeAnswer(response, decision.answer, copied);
          return;
        }
        let aborted = false;
        response.onAborted(() => {
          aborted = true;
        });
        decision.then(
          (decided) => {
            if (!decided.accepted) {
              if (!aborted) writeAnswer(response, decided.answer, copied);
            } else if (aborted) decided.session.closed(CLOSE.lost.code);
            else upgradeUncorked(response, lender, () => accept(decided));
          },
          (error: unknown) => {
            if (!aborted) failed(error);
          },
        );
      },
      open: (handle) => {
        handle.getUserData().socket.opened(handle);
      },
      message: (handle, message, isBinary) => {
        handle.getUserData().socket.received(message, isBinary, options.maxFrameBytes);
      },
      ping: (handle) => handle.getUserData().socket.pinged(),
      dropped: (handle) => handle.getUserData().socket.close(CLOSE.slowReader),
      drain: (handle) => handle.getUserData().socket.drained(),
      close: (handle, code) => {
        connections.closed();
        handle.getUserData().socket.closed(code);
      },
    });
  }

  #serveHttp(handlers: TransportHandlers): void {
    this.#app.any('/*', (response, request) => {
      const copied = copyRequest(request, response);
      this.#connections.requested(copied.remoteAddress);
      let aborted = false;
      response.onAborted(() => {
        aborted = true;
      });
      handlers
        .http(copied)
        .catch((error: unknown): HttpAnswer => {
          this.log.error({ err: error, path: copied.path }, 'request failed');
          return answerTo(copied, new Refusal('internal'));
        })
        .then((answer) => {
          if (!aborted) writeAnswer(response, answer, copied);
        });
    });
  }
}

/**
 * Upgrades after an await. A corked upgrade is not safe: when the library turns the connection into a WebSocket in
 * place, the end of the cork takes it for a finished HTTP response and occasionally closes it. An upgrade outside any
 * cork is safe, but the library prints a warning each time. Within the cork of another response it neither corks nor
 * warns.
 */
function upgradeUncorked(response: uWS.HttpResponse, lender: Lender, upgrade: () => void): void {
  lender.around(() => response.cork(upgrade));
}
