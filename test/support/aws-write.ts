/** Whether an action of IAM or EC2, as `CreateRole`, changes anything. */
export const isAwsWrite = (action: string): boolean => !/^(Get|List|Describe)/.test(action);
