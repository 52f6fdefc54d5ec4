import type { Identity } from '@chorus/loadtest';
import type { Closeable } from '@chorus/service';

/** A server process that is measured. */
export interface SystemProcess {
  readonly name: string;
  readonly pid: number;
  /** Frees unused memory; absent for processes without garbage. */
  collectGarbage?(): Promise<void>;
}

/** Nodes of one system over a Redis of their own. */
export interface RunningSystem extends Closeable {
  /** Base URLs of the nodes. */
  readonly targets: readonly string[];
  readonly nodes: readonly SystemProcess[];
  readonly redis: SystemProcess & { readonly url: string };
  identities(count: number): readonly Identity[];
}

export interface System {
  /** Name in options and tables. */
  readonly name: string;
  readonly title: string;
  /** Whether clients that reconnect must lose nothing. A system without that guarantee loses messages by design. */
  readonly recovers: boolean;
  readonly protocol: 'plain' | 'chorus.v1';
  /** URL of the module with the dialect; undefined for that of the protocol. */
  readonly dialect: string | undefined;
  /** @param rooms number of rooms, numbered from 1 */
  start(nodes: number, rooms: number): Promise<RunningSystem>;
}
