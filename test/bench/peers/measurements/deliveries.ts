import { sum } from '../system-meter.js';
import type { RunningSystem, System } from '../systems/system.js';
import type { Load } from './loads.js';
import type { Effort, Measurement, Sample } from './measurement.js';
import { commonFaults, load, NODES, type Ran, toolMarks, withSystem } from './run-system.js';

/** Below this share of the intended load the tool, or the system, did not keep up. */
const KEPT_UP = 0.98;

/** Processor time, latency and correctness at a steady rate of deliveries. */
export function deliveries(wanted: Load, nodes = NODES): Measurement {
  return {
    name: wanted.name,
    title: `${wanted.title}, ${wanted.deliveriesPerSecond.toLocaleString('en')} deliveries/s`,
    compares: 'µs/delivery',
    moreIsBetter: false,
    rounds: 3,
    quick: wanted.quick ?? false,
    run: (system, effort) =>
      withSystem(
        system,
        wanted.rooms,
        async (running) => {
          const warmUpMs = effort.warmUpMs * (wanted.warmUpFactor ?? 1);
          return deliverySample(await deliver(system, running, wanted, { ...effort, warmUpMs }), wanted);
        },
        nodes,
      ),
    at: (deliveriesPerSecond) => deliveries({ ...wanted, deliveriesPerSecond }, nodes),
  };
}

export function deliver(system: System, running: RunningSystem, wanted: Load, effort: Effort): Promise<Ran> {
  return load(system, running, effort, {
    rooms: wanted.rooms,
    membersPerRoom: wanted.members,
    rate: wanted.deliveriesPerSecond / wanted.members,
    lazyShare: wanted.lazyShare ?? 0,
  });
}

export function deliverySample(ran: Ran, wanted: Load): Sample {
  const { messages, verdict } = ran.result;
  const spent = ran.meter.spent('measuring', 'end');
  const perDelivery = (micros: number): number | undefined =>
    messages.delivered === 0 ? undefined : micros / messages.delivered;
  return {
    figures: {
      'µs/delivery': perDelivery(sum(spent.nodeMicros) + spent.redisMicros),
      'nodes µs': perDelivery(sum(spent.nodeMicros)),
      'Redis µs': perDelivery(spent.redisMicros),
      'p50 ms': messages.deliveryMs?.p50,
      'p99 ms': messages.deliveryMs?.p99,
      'deliveries/s': messages.delivered / messages.seconds,
      'node %': percent(Math.max(...spent.nodeMicros), spent.seconds),
      'Redis %': percent(spent.redisMicros, spent.seconds),
      lost: verdict.lost,
      'order differs': verdict.orderDisagreements,
    },
    marks: [
      ...toolMarks(ran.result),
      ...windowMarks(spent.seconds, messages.seconds),
      ...deliveryFaults(ran, wanted),
    ],
  };
}

/** A machine without spare time reads processor time late; it then does not match the messages. */
function windowMarks(metered: number, counted: number): string[] {
  if (Math.abs(metered - counted) <= counted * (1 - KEPT_UP)) return [];
  return [`tool: processor time is of ${metered.toFixed(1)} s and messages are of ${counted.toFixed(1)} s`];
}

/** Returns what went wrong. */
export function deliveryFaults({ result }: Ran, wanted: Load): string[] {
  const { messages, verdict } = result;
  const faults = commonFaults(result);
  if (verdict.lost > 0) faults.push(`${verdict.lost} of ${verdict.expected} lost`);
  const meant = (wanted.deliveriesPerSecond / wanted.members) * messages.seconds;
  // Messages that were sent late reveal nothing about the system.
  if (messages.sent < meant * KEPT_UP) faults.push(`tool: sent ${messages.sent} of ${Math.round(meant)}`);
  else if (messages.delivered < meant * wanted.members * KEPT_UP) faults.push('saturated');
  return faults;
}

function percent(micros: number, seconds: number): number {
  return micros / seconds / 10_000;
}
