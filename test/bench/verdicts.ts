/*
 * `pnpm bench:verdicts`: cost of the load tester's check of one delivery, and of the verdicts at the end, in
 * processor time of this process; the loops around the checks are included.
 */
import { checking } from '@chorus/loadtest';
import { benchCommand } from './bench-command.js';

benchCommand(
  'bench:verdicts',
  'Measures the processor time that the load tester needs to check deliveries.',
).parse();

interface Shape {
  readonly name: string;
  readonly rooms: number;
  readonly members: number;
  readonly messages: number;
  /** Whether the member gets the message; default: all do. */
  readonly gets?: (member: number, message: number) => boolean;
  /** Number of ten members that get each pair of messages in reverse order. */
  readonly swappedOfTen?: number;
}

const SHAPES: readonly Shape[] = [
  { name: '10 rooms × 500', rooms: 10, members: 500, messages: 1_000 },
  { name: '500 rooms × 4', rooms: 500, members: 4, messages: 2_000 },
  { name: '10,000 rooms × 10', rooms: 10_000, members: 10, messages: 40 },
  { name: '1 room × 5,000', rooms: 1, members: 5_000, messages: 1_200 },
  {
    name: '10 rooms × 500, each loses a tenth',
    rooms: 10,
    members: 500,
    messages: 1_000,
    gets: (member, message) => (message + member * 7) % 200 >= 20,
  },
  {
    name: '1 room × 100, three of ten see it swapped',
    rooms: 1,
    members: 100,
    messages: 10_000,
    swappedOfTen: 3,
  },
];

function cpuMicros(action: () => void): number {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function run({ name, rooms, members, messages, gets, swappedOfTen = 0 }: Shape): void {
  const checkers = Array.from({ length: rooms }, (_, room) =>
    checking.roomChecker(room, members, true, (number) => number % members),
  );
  const position = { epoch: 1, seq: 0 };
  let deliveries = 0;
  const arriving = cpuMicros(() => {
    for (let message = 0; message < messages; message++) {
      for (const [room, checker] of checkers.entries()) {
        checker.expect(message * rooms + room);
        for (let member = 0; member < members; member++) {
          const isSwapped = (member * 7 + (message >> 1) * 3) % 10 < swappedOfTen;
          const at = isSwapped ? message ^ 1 : message;
          if (gets?.(member, at) === false) continue;
          position.seq = at + 1;
          checker.arrived(member, at * rooms + room, position);
          deliveries++;
        }
      }
    }
  });
  let lost = 0;
  let disagreements = 0;
  const judging = cpuMicros(() => {
    const verdict = checking.judge(checkers.map((checker) => checker.report()));
    ({ lost, orderDisagreements: disagreements } = verdict);
  });
  const figures = [
    `${(arriving / deliveries).toFixed(3)} µs a delivery`,
    `${(judging / 1_000).toFixed(0)} ms at the end`,
    `${deliveries} deliveries, ${lost} lost, ${disagreements} disagreements`,
  ];
  console.log(`${name.padEnd(44)}${figures.join(' · ')}`);
}

for (const shape of SHAPES) run(shape);
