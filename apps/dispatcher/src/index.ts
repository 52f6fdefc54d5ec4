export {
  type DispatchConfig,
  type DispatcherConfig,
  dispatcherSettings,
  loadDispatchConfig,
  loadDispatcherConfig,
} from './config.js';
export {
  createDispatcher,
  type DispatcherParts,
  type DispatcherService,
  startDispatching,
} from './create-dispatcher.js';
