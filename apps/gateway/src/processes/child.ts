import { run } from '@chorus/service';
import { startGateway } from '../start-gateway.js';
import { FIRST_ON_PORT } from './child-arguments.js';
import { ParentLink } from './parent-link.js';

const parent = new ParentLink(process, process.argv.includes(FIRST_ON_PORT));
await run(() => startGateway(process.env, parent), parent.stop);
