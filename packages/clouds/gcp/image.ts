/** Which image an instance starts from: the newest of Debian 12, in Debian's own project, that everybody may read. */
export const IMAGE_FAMILY = 'projects/debian-cloud/global/images/family/debian-12';
