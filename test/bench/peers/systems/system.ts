import type { Identity } from '@chorus/loadtest';
import type { Closeable } from '@chorus/service';

/** A server process under measurement. */
export interface SystemProcess {
  readonly name: string;
  readonly pid: number;
  /** Makes it free what it does not use; absent for processes that hold no garbage. */
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
  /** As options and tables call it. */
  readonly name: string;
  readonly title: string;
  /** What it may not lose when clients are cut off and come back: whoever promises nothing loses by design. */
  readonly recovers: boolean;
  readonly protocol: 'plain' | 'chorus.v1';
  /** URL of the module with the dialect; undefined for the one of the protocol. */
  readonly dialect: string | undefined;
  /** @param rooms that exist, numbered from 1 */
  start(nodes: number, rooms: number): Promise<RunningSystem>;
}
