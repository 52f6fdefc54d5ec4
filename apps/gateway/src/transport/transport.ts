import type { CloseReason } from '@chorus/protocol';

/** The parts of an HTTP request that decide about it; copied, so valid for as long as wanted. */
export interface Request {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Of the connection: the client, or the proxy in front. */
  readonly remoteAddress: string;
  /** A header's value, or undefined; names are lower case. */
  header(name: string): string | undefined;
}

/** An HTTP answer with a JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One open WebSocket, as the rest of the gateway sees it. Calls after it closed do nothing. */
export interface Socket {
  /** Bytes queued here because the other side, or the way to it, is slower. */
  readonly queuedBytes: number;
  /** Queues a text frame for this socket alone, behind what was published to its topics so far. */
  send(frame: string | Uint8Array): void;
  /** The same for several, which then leave together. */
  sendAll(frames: ReadonlyArray<string | Uint8Array>): void;
  /**
   * The same for one that may wait for the end of this turn of the event loop: it leaves in one `write` with what was, or
   * still is, published to topics of the socket meanwhile.
   */
  sendAlong(frame: string): void;
  /** From now on the socket receives what is published on the topic. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Sends a text frame to every other socket subscribed to the topic. */
  publish(topic: string, frame: Uint8Array): void;
  /**
   * Ends the socket with a close frame once its queue has drained, or without one after a deadline.
   * Nothing is received from it, or queued for it, any more.
   */
  close(reason: CloseReason): void;
}

/** What became of an upgrade request. */
export type Decision =
  | {
      readonly accepted: true;
      readonly session: Session;
      /** The subprotocol, one of those that were offered; none when undefined. */
      readonly subprotocol?: string | undefined;
    }
  | { readonly accepted: false; readonly answer: Answer };

/** What the gateway does with one socket. Each method is called in the order of what happens on the wire. */
export interface Session {
  opened(socket: Socket): void;
  /** A text frame. @param bytes its length in UTF-8 */
  received(text: string, bytes: number): void;
  /**
   * A frame came that is not read: it waited while this process stood still, for longer than a socket may be idle, and its
   * client may have sent it again elsewhere. The session ends the socket.
   */
  stale(): void;
  /** A WebSocket ping, which is answered already. */
  pinged(): void;
  /** Less is queued than before. */
  drained?(): void;
  /** The socket is gone, for whatever reason; called once, and instead of `opened` if it never opened. */
  closed(code: number): void;
}

export interface TransportHandlers {
  /** Decides about an upgrade. A rejection is a bug and answered with 500. */
  upgrade(request: Request): Promise<Decision>;
  /** Answers any other request. */
  http(request: Request): Promise<Answer>;
  /** This process stood still for longer than sockets may be idle. What open sockets have sent is not read any more. */
  stoodStill(): void;
}

/** What a transport counts; see `GatewayCounters`. */
export interface TransportCounts {
  /** Of the text of frames, without what the WebSocket protocol adds, and without what is published to topics. */
  bytesIn: number;
  bytesOut: number;
  slowReaders: number;
  socketOpened(subprotocol: string | undefined): void;
  socketClosed(subprotocol: string | undefined, code: number): void;
}

export interface TransportOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Largest text frame accepted, in bytes. */
  maxFrameBytes: number;
  /** Bytes queued for one socket before it counts as too slow. */
  maxQueuedBytes: number;
  /** A socket from which nothing was heard for so long, in seconds, is cut; pings go out well before. */
  idleTimeoutSeconds: number;
  counts: TransportCounts;
  /**
   * Connections of every kind that the process has descriptors for; further ones are closed unanswered. `byAddress` closes
   * those of an address that has too many without a request: false behind proxies, whose addresses say nothing.
   */
  connections: { readonly capacity: number; readonly byAddress: boolean };
}

/** A server for HTTP and WebSocket. */
export interface Transport {
  /** Undefined until it listens. */
  readonly port: number | undefined;
  /** Takes connections from now on; resolves to the port. @throws {StartError} the port cannot be had */
  listen(handlers: TransportHandlers): Promise<number>;
  /** Sends one text frame to every socket subscribed to the topic; serialised and framed once. */
  publish(topic: string, frame: Uint8Array): void;
  /** Accepts no more connections; open sockets stay. */
  stopListening(): void;
  /** Cuts what is still open. */
  close(): void;
}
