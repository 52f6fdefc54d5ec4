/** What is wrong with a connection, or with all of a proxy. */
export type Trouble =
  /** Bytes of these directions are held back until it is over, as on a broken cable, and ends with them. */
  | { readonly kind: 'silent'; readonly requests: boolean; readonly answers: boolean }
  /** Each piece of data takes so much longer, in milliseconds, in both directions. Nothing overtakes. */
  | { readonly kind: 'slow'; readonly fromMs: number; readonly toMs: number }
  /** Of so many pieces of data, one is passed on by half and ends its connection: a share from 0 to 1. */
  | { readonly kind: 'torn'; readonly share: number }
  /** Connections are reset, and new ones refused. */
  | { readonly kind: 'refusing' };

/** The servers that processes reach through a proxy. */
export type ServerName = 'redis' | 'postgres';

/** What the process of the proxies is asked for. */
export type Command =
  /** A new proxy before a server; answered with its port. */
  | { readonly type: 'open'; readonly name: string; readonly server: ServerName }
  /** New connections to this server go to this port; those that there are stay, unless they are to be reset. */
  | {
      readonly type: 'point';
      readonly server: ServerName;
      readonly port: number;
      readonly reset: boolean;
    }
  /** Begins a trouble, or ends it; `reset` ends the connections of the proxies as well. */
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
  /** Of the proxy that was opened; 0 for other commands. */
  readonly port: number;
  readonly error?: string;
}
