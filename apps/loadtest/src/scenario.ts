import { z } from 'zod';

/** What one run does, all of it validated; durations in milliseconds, rates per second, sizes in bytes. */
export const scenarioSchema = z.strictObject({
  /** Base URLs of gateways or balancers, `ws://` or `wss://`; connections are spread over them by turns. */
  targets: z.array(z.url({ protocol: /^wss?$/ })).min(1),
  protocol: z.enum(['plain', 'chorus.v1']).default('chorus.v1'),
  /** Sockets. With fewer than there are memberships, a `chorus.v1` socket joins several rooms. */
  connections: z.int().positive().default(1_000),
  /** Connects a second. */
  ramp: z.number().positive().default(500),
  rooms: z.int().positive().default(100),
  /** Of each room; in the mix `heavy-tailed`, of the average room. */
  membersPerRoom: z.int().positive().default(10),
  /** `uniform`: all rooms alike. `heavy-tailed`: sizes by Zipf's law, and one giant room that everybody is in first. */
  mix: z.enum(['uniform', 'heavy-tailed']).default('uniform'),
  /** Connections that send; undefined for all. */
  senders: z.int().nonnegative().optional(),
  /** Messages a second over all senders, by the schedule and not by when the last one was answered. */
  rate: z.number().nonnegative().default(100),
  /** Content of a message in bytes. */
  payload: z.int().min(16).max(1_048_576).default(128),
  /** Connections a second that are cut and come back. */
  churn: z.number().nonnegative().default(0),
  /** How long a socket that churn cuts stays disconnected, in milliseconds. */
  churnAwayMs: z.number().nonnegative().default(0),
  /** Connections that stop reading when the load begins, and are not counted as receivers. */
  slowReaders: z.int().nonnegative().default(0),
  /** Share of the connections, 0 to 1, that look for data every `lazyReadMs` only: what they receive costs the tool less. */
  lazyShare: z.number().min(0).max(1).default(0),
  lazyReadMs: z.number().positive().default(50),
  /** Load before anything is counted. */
  warmUpMs: z.number().nonnegative().default(3_000),
  durationMs: z.number().positive().default(30_000),
  /** How long the end waits for what is under way. */
  settleMs: z.number().nonnegative().default(5_000),
  /** Processes of the tool; each holds its share of the connections. */
  workers: z.int().positive().default(1),
  /** Source addresses, by turns; on Linux any of 127.0.0.0/8 works against a target on this machine. */
  sourceAddresses: z.array(z.string()).default([]),
});

export type Scenario = z.infer<typeof scenarioSchema>;
