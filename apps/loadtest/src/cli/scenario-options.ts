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

/** One thing that can be chosen on the command line as `--name` and in a scenario file as `name:`. */
export interface ScenarioOption {
  readonly name: string;
  /** What the help shows for its value. */
  readonly value: string;
  readonly help: string;
  readonly read: Reader<unknown>;
  /** Given several times, or a list in a file. */
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

/** Everything that a scenario consists of, in the order of the help. */
export const SCENARIO_OPTIONS: readonly ScenarioOption[] = [
  {
    ...option(
      'targets',
      'target',
      '<url>',
      urlOf('ws', 'wss'),
      'gateway or balancer, ws:// or wss://; can be repeated',
    ),
    many: true,
  },
  option('protocol', 'protocol', '<name>', oneOf('chorus.v1', 'seed'), 'chorus.v1 (default) or seed'),
  option('connections', 'connections', '<number>', wholeNumber(1), 'sockets (default 1000)'),
  option(
    'ramp',
    'ramp',
    '<rate>',
    decimal('a number of connects a second above 0', Number.MIN_VALUE),
    'connects a second (default 500)',
  ),
  option('rooms', 'rooms', '<number>', wholeNumber(1), 'rooms (default 100)'),
  option(
    'membersPerRoom',
    'members',
    '<number>',
    wholeNumber(1),
    'sockets in a room, or in the average room of a heavy-tailed mix (default 10)',
  ),
  option(
    'mix',
    'mix',
    '<name>',
    oneOf('uniform', 'heavy-tailed'),
    'uniform (default), or heavy-tailed: few large rooms, many small ones',
  ),
  option('senders', 'senders', '<number>', wholeNumber(0), 'sockets that send (default all)'),
  option(
    'rate',
    'rate',
    '<rate>',
    decimal('a number of messages a second'),
    'messages a second, of all senders together (default 100)',
  ),
  option('payload', 'payload', '<size>', payload, 'content of a message, 128 or 1kb (default 128)'),
  option(
    'churn',
    'churn',
    '<rate>',
    decimal('a number of sockets a second'),
    'sockets a second that are cut and come back (default 0)',
  ),
  option('churnAwayMs', 'churn-away', '<time>', duration, 'how long they stay away (default 0)'),
  option('slowReaders', 'slow-readers', '<number>', wholeNumber(0), 'sockets that stop reading (default 0)'),
  option(
    'lazyShare',
    'lazy-share',
    '<share>',
    share,
    'share of the sockets that look for data now and then only, to spare the tool (default 0)',
  ),
  option('lazyReadMs', 'lazy-read', '<time>', someTime, 'how often those look (default 50ms)'),
  option('warmUpMs', 'warm-up', '<time>', duration, 'load before anything is counted (default 3s)'),
  option('durationMs', 'duration', '<time>', someTime, 'load that is counted (default 30s)'),
  option(
    'settleMs',
    'settle',
    '<time>',
    duration,
    'longest wait for what is under way at the end (default 5s)',
  ),
  option('workers', 'workers', '<number>', wholeNumber(1, 256), 'processes of the tool (default 1)'),
  {
    ...option(
      'sourceAddresses',
      'source-address',
      '<ip>',
      address,
      'connect from this address; can be repeated',
    ),
    many: true,
  },
  {
    name: 'users',
    value: '<number>',
    help: 'accounts, which the sockets take by turns',
    read: wholeNumber(1),
    sets: { own: 'users' },
  },
  ...THRESHOLDS.map(
    ({ name, value, help, read }): ScenarioOption => ({ name, value, help, read, sets: { threshold: name } }),
  ),
];
