-- Lists of all customers read numbers only.
CREATE INDEX customers_people ON customers (workspace_id, id) WHERE absorbed_into = 0 AND events > 0;
