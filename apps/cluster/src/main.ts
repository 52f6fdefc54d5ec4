import { createLogger, run } from '@chorus/service';
import { createCluster } from './create-cluster.js';
import { describeCluster } from './describe-cluster.js';
import { readCommandLine } from './options.js';

const options = readCommandLine(process.argv.slice(2));

await run(async () => {
  const cluster = await createCluster({
    ...options,
    env: process.env,
    log: createLogger({ service: 'cluster', level: 'info' }),
    onLine: (_nodeId, line) => process.stderr.write(`${line}\n`),
  });
  console.log(JSON.stringify(describeCluster(cluster)));
  return cluster;
});
