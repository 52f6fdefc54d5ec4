import { startTestCluster } from '../support/servers/cluster.js';
import { describeContract } from './contract.js';

describeContract('a cluster of 2 APIs and 3 gateways', (env) =>
  startTestCluster(env.AUTH === 'open' ? { gateways: 1, apis: 1, archivers: 0, env } : { env }),
);
