import { z } from 'zod';

/** A validated run; durations in milliseconds, rates per second, sizes in bytes. */
export const scenarioSchema = z.strictObject({
  /** Base URLs of gateways or balancers, `ws://` or `wss://`; connections use them in turn. */
  targets: z.array(z.url({ protocol: /^wss?$/ })).min(1),
  protocol: z.enum(['plain', 'chorus.v1']).default('chorus.v1'),
  /** Number of sockets. With fewer than memberships, a `chorus.v1` socket joins several rooms. */
  connections: z.int().positive().default(1_000),
  /** Connects per second. */
  ramp: z.number().positive().default(500),
  /** Whether clients connect in random order, instead of one room after the other. */
  shuffled: z.boolean().default(false),
  rooms: z.int().positive().default(100),
  /** Of each room; in the mix `heavy-tailed`, of the average room. */
  membersPerRoom: z.int().positive().default(10),
  /**
   * `uniform`: all rooms alike. `heavy-tailed`: sizes by Zipf's law, and one giant room that every connection joins
   * first.
   */
  mix: z.enum(['uniform', 'heavy-tailed']).default('uniform'),
  /** Connections that send; undefined for all. */
  senders: z.int().nonnegative().optional(),
  /** Messages per second over all senders, by schedule and independent of answers. */
  rate: z.number().nonnegative().default(100),
  /** Content of a message in bytes. */
  payload: z.int().min(16).max(1_048_576).default(128),
  /** Connections per second that are cut and reconnect. */
  churn: z.number().nonnegative().default(0),
  /** How long a socket that churn cuts stays disconnected, in milliseconds. */
  churnAwayMs: z.number().nonnegative().default(0),
  /**
   * Time over which clients spread their first attempt to reconnect after the server ended their sockets; undefined for
   * the usual pause. They send nothing meanwhile.
   */
  reconnectOverMs: z.number().nonnegative().optional(),
  /** Whether clients reconnect to another target than the one that ended their sockets, as through a balancer. */
  reconnectElsewhere: z.boolean().default(false),
  /** Connections that stop reading when the load begins, and do not count as receivers. */
  slowReaders: z.int().nonnegative().default(0),
  /** Share of the connections, 0 to 1, that read only every `lazyReadMs`, which costs the tool less. */
  lazyShare: z.number().min(0).max(1).default(0),
  lazyReadMs: z.number().positive().default(50),
  /** Load before the measurement. */
  warmUpMs: z.number().nonnegative().default(3_000),
  durationMs: z.number().positive().default(30_000),
  /** Longest wait for messages in flight at the end. */
  settleMs: z.number().nonnegative().default(5_000),
  /** Processes of the tool; each holds its share of the connections. */
  workers: z.int().positive().default(1),
  /** Source addresses, in turn; on Linux any of 127.0.0.0/8 works for a target on this machine. */
  sourceAddresses: z.array(z.string()).default([]),
});

export type Scenario = z.infer<typeof scenarioSchema>;
