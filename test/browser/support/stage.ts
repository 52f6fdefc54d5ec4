import type { Browser } from 'playwright-core';
import { OPERATOR_SETTINGS } from '../../support/clients/operator.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';
import { launchChromium } from './launch-chromium.js';
import { openVisitor, type Visitor, type VisitorOptions } from './visitor.js';

/** A cluster of two gateways, and one browser for all users. */
export interface Stage {
  readonly cluster: TestCluster;
  readonly browser: Browser;
  /** Opens the page for a new user, by default signed up. It is closed after the test or the suite that opened it. */
  visitor(name: string, options?: VisitorOptions): Promise<Visitor>;
  /** Closes the pages of all users so far, and returns what went wrong on them. */
  leave(): Promise<void>;
}

/** Interval at which gateways look for dead ones, in milliseconds. */
const LEASE_MS = '1500';

let shared: Promise<Stage & { close(): Promise<void> }> | undefined;

/** All suites of a process share one stage, which closes after the last of them. */
export function sharedStage(): Promise<Stage> {
  shared ??= open();
  return shared;
}

after(async function () {
  this.timeout(30_000);
  await (await shared)?.close();
});

async function open(): Promise<Stage & { close(): Promise<void> }> {
  const env = {
    ...{ PRESENCE_LEASE_MS: LEASE_MS, PRESENCE_GRACE_MS: '100', ...OPERATOR_SETTINGS },
    // For users who fill a room.
    MAX_MESSAGES_PER_SECOND: '100000',
  };
  const [starting, launching] = await Promise.allSettled([
    startTestCluster({ gateways: 2, apis: 1, env }),
    launchChromium(),
  ]);
  const close = async (): Promise<void> => {
    if (launching.status === 'fulfilled') await launching.value.close();
    if (starting.status === 'fulfilled') await starting.value.close();
  };
  if (starting.status === 'rejected' || launching.status === 'rejected') {
    await close();
    throw starting.status === 'rejected' ? starting.reason : (launching as PromiseRejectedResult).reason;
  }
  const [cluster, browser] = [starting.value, launching.value];
  const visitors: Visitor[] = [];
  return {
    cluster,
    browser,
    close,
    async visitor(name, options) {
      const visitor = await openVisitor(browser, cluster, name, options);
      visitors.push(visitor);
      return visitor;
    },
    async leave() {
      const left = visitors.splice(0);
      await Promise.all(left.map((visitor) => visitor.close()));
    },
  };
}
