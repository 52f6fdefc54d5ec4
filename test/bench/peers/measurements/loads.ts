/** Rooms with messages, on two nodes. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly rooms: number;
  readonly members: number;
  /** Over all rooms. */
  readonly deliveriesPerSecond: number;
  /** Share of the connections that the tool reads only now and then; latencies are those of the others. */
  readonly lazyShare?: number;
  /**
   * Factor for a longer warm-up: with few messages it takes long until all involved code is compiled, and until then
   * the compiler costs more than they do.
   */
  readonly warmUpFactor?: number;
  readonly quick?: boolean;
}

/**
 * The first four have been measured for other systems of this kind. The busy ones should take most of a core for each
 * node, and the rate for that depends on the machine; the tool shares the machine, so it reads most of their
 * connections lazily.
 */
export const LOADS: readonly Load[] = [
  {
    name: '10x100',
    title: '10 rooms of 100',
    rooms: 10,
    members: 100,
    deliveriesPerSecond: 10_000,
    warmUpFactor: 4,
    quick: true,
  },
  { name: '10x500', title: '10 rooms of 500', rooms: 10, members: 500, deliveriesPerSecond: 50_000 },
  {
    name: '500x4',
    title: '500 rooms of 4',
    rooms: 500,
    members: 4,
    deliveriesPerSecond: 8_000,
    quick: true,
  },
  {
    name: '1x5000',
    title: '1 room of 5,000',
    rooms: 1,
    members: 5_000,
    deliveriesPerSecond: 100_000,
    lazyShare: 0.9,
  },
  {
    name: 'busy-10x100',
    title: '10 rooms of 100, busy',
    rooms: 10,
    members: 100,
    deliveriesPerSecond: 260_000,
    lazyShare: 0.95,
  },
  {
    name: 'busy-500x4',
    title: '500 rooms of 4, busy',
    rooms: 500,
    members: 4,
    deliveriesPerSecond: 60_000,
    lazyShare: 0.9,
  },
];
