import { run } from '@chorus/service';
import { startGateway } from './lifecycle/start-gateway.js';

await run(() => startGateway(process.env));
