import { run } from '@chorus/service';
import { startGateway } from './start-gateway.js';

await run(() => startGateway(process.env));
