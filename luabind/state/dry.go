package state

import (
	"opslua/internal/store"
	"opslua/luabind"
)

// dryTx is what a dry run sees: what it would have stored, over what is. For
// one transaction; what it would have stored lives as long as the run.
type dryTx struct {
	store.Tx
	planned map[string][]byte // nil: deleted
}

type plannedKey struct{}

func dry(c *luabind.Call, tx store.Tx) store.Tx {
	planned, ok := c.Local(plannedKey{}).(map[string][]byte)
	if !ok {
		planned = map[string][]byte{}
		c.SetLocal(plannedKey{}, planned)
	}
	return dryTx{tx, planned}
}

func (d dryTx) Get(section, name string) []byte {
	if data, ok := d.planned[name]; ok {
		return data
	}
	return d.Tx.Get(section, name)
}

func (d dryTx) Put(_, name string, value []byte) error {
	d.planned[name] = value
	return nil
}

func (d dryTx) Delete(_, name string) error {
	d.planned[name] = nil
	return nil
}
