-- The same crash is looked for by its bytes alone: beside another index that begins with the project, a plan made before the first statistics
-- could take that one and read all crashes of the project for each new one.

DROP INDEX "crashes_project_id_sha256_idx";
CREATE INDEX "crashes_sha256_project_id_idx" ON "crashes"("sha256", "project_id");
