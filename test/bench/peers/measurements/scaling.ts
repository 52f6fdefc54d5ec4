import { deliveries } from './deliveries.js';
import type { Load } from './loads.js';
import type { Measurement } from './measurement.js';

const CROWDS: Load = {
  name: 'nodes',
  title: '10 rooms of 480',
  rooms: 10,
  members: 480,
  deliveriesPerSecond: 24_000,
};

/** Constant work on more and more nodes. */
const byNodes: readonly Measurement[] = [2, 4, 6].map((nodes) =>
  deliveries({ ...CROWDS, name: `nodes-${nodes}`, title: `${CROWDS.title} on ${nodes} nodes` }, nodes),
);

/** Constant messages and members in more and more rooms. */
const byRooms: readonly Measurement[] = [100, 1_000, 10_000].map((rooms) =>
  deliveries({
    name: `rooms-${rooms}`,
    title: `${rooms.toLocaleString('en')} rooms of 2`,
    rooms,
    members: 2,
    deliveriesPerSecond: 4_000,
    // Garbage of connecting is collected once within the following half minute, whatever the load is.
    warmUpFactor: 3,
  }),
);

/** How the cost of a delivery changes with nodes and rooms; it should not. */
export const SCALING: readonly Measurement[] = [...byNodes, ...byRooms];
