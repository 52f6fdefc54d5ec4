import type { WriteStream } from 'node:tty';
import { createLogUpdate } from 'log-update';
import type { Moment } from '../result.js';
import type { Phase } from '../run/load-parts.js';
import type { Scenario } from '../scenario.js';
import { formatCount, formatMs, formatRate, formatShare } from './format.js';

/** A stream that may be a terminal. */
export type Output = NodeJS.WritableStream &
  Partial<Pick<WriteStream, 'isTTY' | 'hasColors' | 'columns' | 'rows'>>;

/** Shows the progress of a run. */
export interface Progress {
  /** Shows a step of the run, before there are figures. */
  say(what: string): void;
  phase(phase: Phase): void;
  moment(moment: Moment): void;
  /** Removes the drawing. */
  done(): void;
}

const PHASES: Readonly<Record<Phase, string>> = {
  before: 'connecting',
  connected: 'warming up',
  measuring: 'measuring',
  end: 'waiting for what is under way',
};

/** Interval of the lines if the terminal cannot be redrawn. */
const LINE_SECONDS = 5;

/** @param stream standard error: standard output is for results */
export function createProgress(stream: Output, scenario: Pick<Scenario, 'durationMs'>): Progress {
  return stream.isTTY ? drawnProgress(stream, scenario) : printedProgress(stream);
}

function drawnProgress(stream: Output, { durationMs }: Pick<Scenario, 'durationMs'>): Progress {
  const draw = createLogUpdate(stream);
  let phase: Phase | undefined;
  let measuringSince = 0;
  return {
    say: (what) => draw(what),
    phase: (next) => {
      phase = next;
      measuringSince = 0;
    },
    moment: (moment) => {
      measuringSince ||= moment.at;
      const passed =
        phase === 'measuring' ? ` ${moment.at - measuringSince} of ${Math.round(durationMs / 1_000)} s` : '';
      draw(
        [`${phase ? PHASES[phase] : ''}${passed}`, ...figures(moment).map((line) => `  ${line}`)].join('\n'),
      );
    },
    done: () => {
      draw.clear();
      draw.done();
    },
  };
}

function printedProgress(stream: Output): Progress {
  let last = Number.NEGATIVE_INFINITY;
  let lastSaid = Number.NEGATIVE_INFINITY;
  const print = (text: string): void => {
    stream.write(`${text}\n`);
  };
  return {
    say: (what) => {
      if (performance.now() - lastSaid < LINE_SECONDS * 1_000) return;
      lastSaid = performance.now();
      print(what);
    },
    phase: (phase) => print(PHASES[phase]),
    moment: (moment) => {
      if (moment.at - last < LINE_SECONDS) return;
      last = moment.at;
      print(`${moment.at} s: ${figures(moment).join('; ')}`);
    },
    done: () => {},
  };
}

function figures(moment: Moment): string[] {
  const { connections, connected, connectFailures, sent, acked, delivered, deliveryMs, ackMs } = moment;
  const failed = connectFailures > 0 ? `, ${formatCount(connectFailures)} connects failed` : '';
  return [
    `${formatCount(connected)} of ${formatCount(connections)} sockets in their rooms${failed}`,
    `sent ${formatRate(sent)}, acked ${formatRate(acked)}, delivered ${formatRate(delivered)}`,
    `delivery p50 ${formatMs(deliveryMs?.p50)}, p99 ${formatMs(deliveryMs?.p99)}, ack p99 ${formatMs(ackMs?.p99)}`,
    `tool: ${formatShare(moment.toolBusy)} busy, ${formatMs(moment.toolDelayMs)} late`,
  ];
}
