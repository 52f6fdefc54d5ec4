import type { SyntaxNodeRef } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL expression speaks of. */
export interface Query {
  /** Where it cannot be read; empty when all is well. */
  readonly faults: string[];
  readonly metrics: string[];
  /** Every label that it names: to choose series, to group them, to match them. */
  readonly labels: string[];
}

/** Reads an expression, of a rule or of a dashboard: Grafana's variables stand for what it would put in their place. */
export function readQuery(text: string): Query {
  const expression = text.replaceAll(/\$__(rate_interval|interval|range)\b/g, '5m');
  const query: Query = { faults: [], metrics: [], labels: [] };
  const textOf = ({ from, to }: SyntaxNodeRef): string => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter: (node) => {
      if (node.type.isError)
        query.faults.push(`${expression.slice(0, node.from)}⚠${expression.slice(node.from)}`);
      else if (node.name === 'Identifier') query.metrics.push(textOf(node));
      else if (node.name === 'LabelName') query.labels.push(textOf(node));
    },
  });
  return query;
}
