//! Links, addresses, routes and nftables over netlink (rtnetlink(7)).
