/** What is wrong with a connection, or with all of a proxy. */
export type Trouble =
  /** Bytes of these directions are held back until it is over, as on a broken cable, and so are ends. */
  | { readonly kind: 'silent'; readonly requests: boolean; readonly answers: boolean }
  /** Each piece of data is delayed by a time between these, in milliseconds, in both directions and in order. */
  | { readonly kind: 'slow'; readonly fromMs: number; readonly toMs: number }
  /** A share of the pieces of data, from 0 to 1, is passed on by half and ends its connection. */
  | { readonly kind: 'torn'; readonly share: number }
  /** Connections are reset, and new ones refused. */
  | { readonly kind: 'refusing' };

/** The servers that processes reach through a proxy. */
export type ServerName = 'redis' | 'postgres';

/** Commands to the process of the proxies. */
export type Command =
  /** Starts a proxy before a server; answered with its port. */
  | { readonly type: 'open'; readonly name: string; readonly server: ServerName }
  /** Sends new connections for this server to this port; open ones stay, unless they are to be reset. */
  | {
      readonly type: 'point';
      readonly server: ServerName;
      readonly port: number;
      readonly reset: boolean;
    }
  /** Begins a trouble, or ends it; `reset` ends open connections of the proxies as well. */
  | {
      readonly type: 'trouble';
      readonly names: readonly string[];
      readonly trouble: Trouble | undefined;
      readonly reset: boolean;
    };

export interface Request {
  readonly id: number;
  readonly command: Command;
}

export interface Response {
  readonly id: number;
  /** Port of the new proxy; 0 for other commands. */
  readonly port: number;
  readonly error?: string;
}
