// The key that secrets are kept under, where one is configured.
import type { Config } from '../../config.ts';
import { SecretBox } from '../../net/secret_box.ts';

export const secretBox = ({ secretKey }: Config): SecretBox | undefined =>
  secretKey === undefined ? undefined : new SecretBox(secretKey);
