import { join } from 'node:path';
import { REDIS_COMMANDS, redisAclRules } from '@chorus/local';
import { root } from '../support/root.js';

/** The page about PostgreSQL and Redis, with the rules of a Redis user in the middle. */
export const CONNECTING = join(root, 'docs/how-to/postgresql-and-redis.md');

const RULES = /(?<=<!-- redis user -->\n)[\s\S]*(?=\n<!-- \/redis user -->)/;
const MOST_ON_A_LINE = 110;

export function rulesOf(page: string): string | undefined {
  return RULES.exec(page)?.[0];
}

export function replaceRules(page: string, text: string): string {
  return page.replace(RULES, () => text);
}

/** The rules to copy, and what each command is for. */
export function redisUserText(): string {
  const rows = REDIS_COMMANDS.map(({ purpose, where, commands }) => {
    const list = commands.map((command) => `\`${command.replace('|', ' ').toUpperCase()}\``).join(', ');
    return `| ${where === undefined ? '' : where === 'cluster' ? 'cluster' : 'single server'} | ${purpose} | ${list} |`;
  });
  return [
    '`users.acl` for a single server, with the prefix `chorus`:',
    '',
    ...block(redisAclRules('chorus', false)),
    '',
    'For a Redis Cluster (`BROKER_SHARDED=true`), on every node:',
    '',
    ...block(redisAclRules('chorus', true)),
    '',
    '| Only for a | What for | Commands |',
    '|---|---|---|',
    ...rows,
  ].join('\n');
}

/** One rule of a file is one line; `ACL SETUSER` takes its words too. */
function block(rules: readonly string[]): string[] {
  const lines: string[] = [];
  let line = 'user chorus on >PASSWORD';
  for (const rule of rules) {
    if (line.length + rule.length + 1 > MOST_ON_A_LINE) {
      lines.push(line);
      line = ' ';
    }
    line += ` ${rule}`;
  }
  return ['```', ...lines, line, '```'];
}
