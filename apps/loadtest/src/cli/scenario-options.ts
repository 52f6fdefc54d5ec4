import { isIP } from 'node:net';
import type { Scenario } from '../scenario.js';
import { THRESHOLDS, type ThresholdName } from '../thresholds.js';
import {
  decimal,
  duration,
  oneOf,
  type Reader,
  share,
  size,
  UnitError,
  urlOf,
  wholeNumber,
  within,
} from './units.js';

/** An option of the command line (`--name`) and of scenario files (`name:`). */
export interface ScenarioOption {
  readonly name: string;
  /** Placeholder of the value in the help. */
  readonly value: string;
  readonly help: string;
  readonly read: Reader<unknown>;
  /** Can be repeated on the command line, and be a list in a file. */
  readonly many?: true;
  readonly sets:
    | { readonly scenario: keyof Scenario }
    | { readonly threshold: ThresholdName }
    | { readonly own: 'users' };
}

const address: Reader<string> = (text) => {
  if (isIP(text) !== 0) return text;
  throw new UnitError('It must be an IP address of this machine, such as 127.0.0.2.');
};

const someTime = within(
  duration,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  'It must be a time above 0, such as 30s.',
);
const payload = within(size, 16, 1_048_576, 'It must be a size from 16 to 1mb.');

function option(
  field: keyof Scenario,
  name: string,
  value: string,
  read: Reader<unknown>,
  help: string,
): ScenarioOption {
  return { name, value, help, read, sets: { scenario: field } };
}

/** All options of a scenario, in the order of the help. */
export const SCENARIO_OPTIONS: readonly ScenarioOption[] = [
  {
    ...option(
      'targets',
      'target',
      '<url>',
      urlOf('ws', 'wss'),
      'gateway or load balancer, ws:// or wss://; can be repeated',
    ),
    many: true,
  },
  option('protocol', 'protocol', '<name>', oneOf('chorus.v1', 'plain'), 'chorus.v1 (default) or plain'),
  option('connections', 'connections', '<number>', wholeNumber(1), 'number of sockets (default 1000)'),
  option(
    'ramp',
    'ramp',
    '<rate>',
    decimal('a number of connects per second above 0', Number.MIN_VALUE),
    'connects per second (default 500)',
  ),
  option('rooms', 'rooms', '<number>', wholeNumber(1), 'number of rooms (default 100)'),
  option(
    'membersPerRoom',
    'members',
    '<number>',
    wholeNumber(1),
    'sockets per room; with a heavy-tailed mix, on average (default 10)',
  ),
  option(
    'mix',
    'mix',
    '<name>',
    oneOf('uniform', 'heavy-tailed'),
    'uniform (default), or heavy-tailed: few large rooms, many small ones',
  ),
  option('senders', 'senders', '<number>', wholeNumber(0), 'number of sockets that send (default all)'),
  option(
    'rate',
    'rate',
    '<rate>',
    decimal('a number of messages per second'),
    'messages per second, of all senders together (default 100)',
  ),
  option('payload', 'payload', '<size>', payload, 'size of a message, such as 128 or 1kb (default 128)'),
  option(
    'churn',
    'churn',
    '<rate>',
    decimal('a number of sockets per second'),
    'sockets per second that are cut and reconnect (default 0)',
  ),
  option('churnAwayMs', 'churn-away', '<time>', duration, 'time before a cut socket reconnects (default 0)'),
  option(
    'slowReaders',
    'slow-readers',
    '<number>',
    wholeNumber(0),
    'number of sockets that stop reading (default 0)',
  ),
  option(
    'lazyShare',
    'lazy-share',
    '<share>',
    share,
    'share of the sockets that are read only every --lazy-read, to save CPU of the tool (default 0)',
  ),
  option(
    'lazyReadMs',
    'lazy-read',
    '<time>',
    someTime,
    'interval at which lazy sockets are read (default 50ms)',
  ),
  option('warmUpMs', 'warm-up', '<time>', duration, 'duration of load before measuring starts (default 3s)'),
  option('durationMs', 'duration', '<time>', someTime, 'duration of measured load (default 30s)'),
  option(
    'settleMs',
    'settle',
    '<time>',
    duration,
    'longest wait for messages in flight at the end (default 5s)',
  ),
  option('workers', 'workers', '<number>', wholeNumber(1, 256), 'worker processes of the tool (default 1)'),
  {
    ...option(
      'sourceAddresses',
      'source-address',
      '<ip>',
      address,
      'local address to connect from; can be repeated',
    ),
    many: true,
  },
  {
    name: 'users',
    value: '<number>',
    help: 'number of accounts, shared by the sockets in turn',
    read: wholeNumber(1),
    sets: { own: 'users' },
  },
  ...THRESHOLDS.map(
    ({ name, value, help, read }): ScenarioOption => ({ name, value, help, read, sets: { threshold: name } }),
  ),
];
