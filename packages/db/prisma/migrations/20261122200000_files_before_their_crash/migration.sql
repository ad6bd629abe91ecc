-- An attachment may come before the dump of its crash: it waits as an upload that names the event.

-- AlterTable
ALTER TABLE "resumable_uploads" ADD COLUMN     "content_type" TEXT,
ADD COLUMN     "event_id" UUID,
ADD COLUMN     "file_name" TEXT;
