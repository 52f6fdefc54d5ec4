import { run } from '@chorus/service/run';
import { planProcesses } from './processes/plan-processes.js';

// What is not needed is not loaded: the parent of several gateways has nothing of a gateway in its memory.
await run(async () => {
  const plan = planProcesses(process.env);
  if (plan === undefined) {
    const { startGateway } = await import('./start-gateway.js');
    return startGateway(process.env);
  }
  const { startProcesses } = await import('./processes/start-processes.js');
  return startProcesses(plan, process.env);
});
