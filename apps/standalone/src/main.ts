import { createLogger, run } from '@chorus/service';
import { loadStandaloneConfig } from './config.js';
import { startStandalone } from './start-standalone.js';
import { welcome } from './welcome.js';

await run(async () => {
  const config = loadStandaloneConfig(process.env);
  const log = createLogger({ service: 'standalone', level: config.logLevel });
  const standalone = await startStandalone(config, log);
  console.log(welcome(standalone));
  return standalone;
});
