/** Rooms that are talked in, on two nodes. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly rooms: number;
  readonly members: number;
  /** Over all rooms. */
  readonly deliveriesPerSecond: number;
  /** Share of the connections that the tool reads now and then only; latencies are those of the others. */
  readonly lazyShare?: number;
  /**
   * Needs a longer warm-up, by this factor: while messages are few it takes long until all code that they run through is
   * compiled, and until then the compiler costs more than they do.
   */
  readonly warmUpFactor?: number;
  readonly quick?: boolean;
}

/**
 * The first four are what other systems of this shape were measured with. The busy ones are meant to
 * take most of a core for each node, which rate that takes depends on the machine; the tool, which has to share the machine with it, reads most of the connections lazily then.
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
