import { createLogger, run } from '@chorus/service';
import { loadStandaloneConfig } from './config.js';
import { createStandalone } from './create-standalone.js';
import { welcome } from './welcome.js';

await run(async () => {
  const config = loadStandaloneConfig(process.env);
  const log = createLogger({ service: 'standalone', level: config.logLevel });
  const standalone = await createStandalone(config, log);
  console.log(welcome(standalone));
  return standalone;
});
