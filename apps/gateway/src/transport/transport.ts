import type { CloseReason } from '@chorus/protocol';

/** Copy of the parts of an HTTP request that the gateway needs; valid after the library's request is not. */
export interface HttpRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Address of the connection: the client's, or that of the proxy in front. */
  readonly remoteAddress: string;
  /** Value of a header, or undefined; names are lower case. */
  header(name: string): string | undefined;
}

/** An HTTP answer with a JSON body. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An open WebSocket. Calls after it has closed do nothing. */
export interface Socket {
  /** Bytes queued in this process because the network or the client is slower. */
  readonly queuedBytes: number;
  /** Queues a text frame for this socket, behind everything published to its topics so far. */
  send(frame: string | Uint8Array): void;
  /** Queues several text frames like {@link send}; they leave in one write. */
  sendAll(frames: ReadonlyArray<string | Uint8Array>): void;
  /**
   * Queues a text frame that may wait for the end of this tick of the event loop: it leaves in one `write` with
   * everything that is published to the socket's topics until then.
   */
  sendAlong(frame: string): void;
  /** Subscribes the socket to a topic. */
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

/** Result of an upgrade request. */
export type Decision =
  | {
      readonly accepted: true;
      readonly session: Session;
      /** The chosen subprotocol, one of those offered; none if undefined. */
      readonly subprotocol?: string | undefined;
    }
  | { readonly accepted: false; readonly answer: HttpAnswer };

/** The protocol logic of one socket. The transport calls the methods in the order of events on the wire. */
export interface Session {
  opened(socket: Socket): void;
  /** A text frame. @param bytes its length in UTF-8 */
  received(text: string, bytes: number): void;
  /**
   * Called instead of {@link received} for a frame that waited while this process stood still for longer than a socket
   * may be idle: its client may have sent it again elsewhere. The session closes the socket.
   */
  stale(): void;
  /** A WebSocket ping, which the library has answered. */
  pinged(): void;
  /** The socket's queue became shorter. */
  drained?(): void;
  /** The socket has closed, for any reason. Called once; without a prior `opened` if the upgrade failed. */
  closed(code: number): void;
}

export interface TransportHandlers {
  /**
   * Decides about an upgrade; at once if it can: the answer, and everything that the session sends when it opens, then leave
   * in one `write`. A failure or rejection is a bug; the response is 500.
   */
  upgrade(request: HttpRequest): Decision | Promise<Decision>;
  /** Answers any other request. */
  http(request: HttpRequest): Promise<HttpAnswer>;
  /** Called after this process stood still for longer than sockets may be idle. Frames of open sockets are stale. */
  stoodStill(): void;
}

/** Counters of a transport; see `GatewayCounters`. */
export interface TransportCounts {
  /** Bytes of the text of frames, without WebSocket headers, and without frames published to topics. */
  bytesIn: number;
  bytesOut: number;
  slowReaders: number;
  socketOpened(subprotocol: string | undefined): void;
  socketClosed(subprotocol: string | undefined, code: number): void;
}

export interface TransportOptions {
  host: string;
  /** 0 lets the operating system choose. */
  port: number;
  /** Largest text frame accepted, in bytes. */
  maxFrameBytes: number;
  /** Bytes queued for one socket beyond which it counts as too slow. */
  maxQueuedBytes: number;
  /** A socket that has sent nothing, not even a pong, for this time is closed, in seconds; pings go out well before. */
  idleTimeoutSeconds: number;
  counts: TransportCounts;
  /**
   * Number of connections of every kind that the process has descriptors for; further ones are closed unanswered.
   * `byAddress` closes connections of an address that has too many without a request: false behind proxies, whose
   * addresses say nothing about clients.
   */
  connections: { readonly capacity: number; readonly byAddress: boolean };
}

/** A server for HTTP and WebSocket. */
export interface Transport {
  /** Undefined until it listens. */
  readonly port: number | undefined;
  /** Starts to accept connections; resolves to the port. @throws {StartError} the port cannot be bound */
  listen(handlers: TransportHandlers): Promise<number>;
  /** Sends a text frame to every socket subscribed to the topic; serialised and framed once. */
  publish(topic: string, frame: Uint8Array): void;
  /** Accepts no more connections; open sockets stay. */
  stopListening(): void;
  /** Closes everything that is still open, without close frames. */
  close(): void;
}
