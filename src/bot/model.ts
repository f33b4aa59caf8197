// The language model as the bot has it: whom it asks, and who is told why it was of no help.
import type { ModelPort } from '../conversation/model/port.ts';
import type { Logger } from '../log.ts';

export interface Model {
  port: ModelPort;
  log: Logger;
}
